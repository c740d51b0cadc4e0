"""`completion`: what a shell needs to complete commands and names of plots."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_BOKEH_CLOUD_COMPLETE"
HELP = """Print what makes SHELL complete commands and names of plots.

\b
bash  eval "$(bokeh-cloud completion bash)"    in ~/.bashrc
zsh   eval "$(bokeh-cloud completion zsh)"     in ~/.zshrc
fish  bokeh-cloud completion fish | source     in ~/.config/fish/config.fish
"""


@click.command(help=HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script of a shell."""
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"There is no completion for {shell}.")
    click.echo(found(context.find_root().command, {}, "bokeh-cloud", VARIABLE).source())
