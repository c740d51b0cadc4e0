# The Dockerfile of all images; SERVICE is the service in an image:
#
#   docker build --build-arg SERVICE=data --tag bokeh-cloud/data .
#
# SERVICE is auth, plots, data, gc or web; or `server`: all services and the command `bokeh-cloud`, for operators.
ARG PYTHON=python:3.13-slim-trixie

# The dependencies of all services, from constraints.txt: a change of the code rebuilds only small layers above.
FROM ${PYTHON} AS common
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY constraints.txt ./
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --quiet --constraint constraints.txt hatchling editables \
 && python -m venv --without-pip /opt/bokeh-cloud
# pyproject.toml without the code is enough to install the dependencies.
COPY libs/bokeh_common/pyproject.toml libs/bokeh_common/
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /hollow ./libs/bokeh_common \
 && /opt/build/bin/pip --python /opt/bokeh-cloud/bin/python install --quiet --constraint constraints.txt \
      "$(ls /hollow/bokeh_common-*.whl)[redis,azure,serving,tracing]"

FROM common AS build
ARG SERVICE=server
COPY services/auth/pyproject.toml services/auth/
COPY services/plots/pyproject.toml services/plots/
COPY services/data/pyproject.toml services/data/
COPY services/gc/pyproject.toml services/gc/
COPY services/web/pyproject.toml services/web/
COPY client/pyproject.toml client/
COPY server/pyproject.toml server/
RUN mkdir client/docs \
 && case "$SERVICE" in server) echo ./services/* ./client ./server ;; *) echo "./services/$SERVICE" ;; esac >projects \
 && /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /hollow $(cat projects) \
 && /opt/build/bin/pip --python /opt/bokeh-cloud/bin/python install --quiet --constraint constraints.txt /hollow/*.whl \
 && ls /hollow | cut -d- -f1 | xargs /opt/build/bin/pip --python /opt/bokeh-cloud/bin/python uninstall --quiet --yes \
 && rm -rf /opt/bokeh-cloud/lib/python*/site-packages/pyarrow/include /opt/bokeh-cloud/lib/python*/site-packages/pyarrow/tests
COPY . ./
# The web service offers the client for installation: it gets the client's files, but not its dependencies.
RUN if [ "$SERVICE" = web ]; then echo ./client >>projects; fi \
 && /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels ./libs/bokeh_common $(cat projects) \
 && /opt/build/bin/pip --python /opt/bokeh-cloud/bin/python install --quiet --no-deps --target /own /wheels/*.whl

# BokehJS of each minor version of Bokeh 3, for the web service: plots need no CDN, and old ones keep their version.
FROM ${PYTHON} AS bokehjs
ARG SERVICE=server
ARG BOKEHJS="3.4.3 3.5.2 3.6.3 3.7.3 3.8.2 3.9.2"
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN mkdir /bokehjs && case "$SERVICE" in web|server) \
      for version in $BOKEHJS; do \
        pip download --quiet --no-deps --only-binary :all: --dest /tmp/wheels "bokeh==$version" \
        && python -m zipfile -e "/tmp/wheels/bokeh-$version-py3-none-any.whl" "/tmp/$version" \
        && mkdir "/bokehjs/$version" && cp "/tmp/$version"/bokeh/server/static/js/bokeh*.min.js "/bokehjs/$version/" \
        || exit 1; \
      done ;; esac

FROM ${PYTHON}
ARG SERVICE=server
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Bokeh Cloud: ${SERVICE}" \
      org.opencontainers.image.description="A self-hosted cloud for Bokeh plots" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="BSD-3-Clause"
# Mount points of volumes: a new volume takes over their owner.
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin bokeh-cloud \
 && install -d -o 10001 -g 10001 /volumes /volumes/auth /volumes/plots /volumes/data /volumes/gc /volumes/web \
      /volumes/operator /volumes/azurite-secrets /volumes/redis-secrets /volumes/azurite /volumes/redis /volumes/caddy \
      /volumes/prometheus
COPY --from=bokehjs /bokehjs /opt/bokehjs
COPY --from=build /opt/bokeh-cloud /opt/bokeh-cloud
COPY --from=build /own /opt/own
# A .pth file, since the process that reads uploaded files ignores PYTHONPATH (python -I).
RUN echo /opt/own >"$(echo /opt/bokeh-cloud/lib/python*/site-packages)/own.pth"
COPY gateway/with-secrets /usr/local/bin/with-secrets
ENV PATH=/opt/bokeh-cloud/bin:/opt/own/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    BOKEH_CLOUD_BOKEHJS=/opt/bokehjs SERVICE=${SERVICE}
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["with-secrets"]
CMD ["sh", "-c", "exec gunicorn --config python:bokeh_common.http.server.gunicorn_config \"bokeh_$SERVICE.app:get_app()\""]
