# Prometheus where no registry has it: Debian's, called as the official image is.
FROM python:3.13-slim-trixie
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["prometheus"]
