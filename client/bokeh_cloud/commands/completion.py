"""`completion`: shell completion of commands and names of plots."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_BOKEH_CLOUD_COMPLETE"
HELP = """Print the completion script for commands and plots in SHELL.

\b
bash  eval "$(bokeh-cloud completion bash)"    in ~/.bashrc
zsh   eval "$(bokeh-cloud completion zsh)"     in ~/.zshrc
fish  bokeh-cloud completion fish | source     in ~/.config/fish/config.fish
"""


@click.command(help=HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.ClickException(f"There is no completion for {shell}.")
    root = context.find_root().command
    click.echo(completion_class(root, {}, "bokeh-cloud", VARIABLE).source())
