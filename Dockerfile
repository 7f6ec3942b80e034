# The program with dbt, for Compose and Kubernetes: docker build -t sluice .
# The runtime packages are what `ldd` names, and tests/deploy holds them against it.
FROM debian:12-slim AS build
WORKDIR /opt/sluice
# First what changes seldom: the tools and libraries take longest.
COPY scripts/deps scripts/deps
COPY scripts/locks scripts/locks
COPY scripts/patches scripts/patches
RUN apt-get update && scripts/deps --runtime
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY scripts/build scripts/build
COPY src src
COPY examples examples
RUN scripts/build release sluice && strip build/release/bin/sluice \
 && mkdir -p /image/opt/sluice/bin /image/opt/sluice/.deps/duckdb-1.5.6 /image/pipeline/.sluice /image/exports \
 && cp build/release/bin/sluice /image/opt/sluice/bin/ \
 && cp -a .deps/duckdb-1.5.6/lib /image/opt/sluice/.deps/duckdb-1.5.6/ \
 && cp -a .deps/dbt /image/opt/sluice/.deps/ \
 && cp -a examples/books/. /image/pipeline/

FROM debian:12-slim
# hadolint ignore=DL3008  # Debian renews revisions in place; the release pins what matters
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates libcurl4 libfmt9 liblz4-1 libpq5 libsasl2-2 libsasl2-modules libsimdjson14 \
      libspdlog1.10 libssl3 libstdc++6 libyaml-cpp0.7 libzstd1 python3 tzdata zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 sluice \
 && useradd --uid 10001 --gid 10001 --home-dir /pipeline --no-create-home sluice
COPY --from=build /image/ /
# All that is written to: what is under way, on a file system that Compose and Kubernetes mount there,
# and files of `sluice export`.
RUN ln -s /opt/sluice/bin/sluice /usr/local/bin/sluice && chown 10001:10001 /pipeline/.sluice /exports
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /pipeline
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
  CMD ["sluice", "status", "--health"]
ENTRYPOINT ["sluice"]
CMD ["run"]
