# The image of the jobs in pods, of Google Batch, of AWS Batch and of Apptainer: the environment of a lock, and the checkout.
#   docker build --tag tr300m .
#   docker build --tag tr300m:gpu --build-arg ENVIRONMENT=clusters-gpu .
# docs/clusters.md says more. envs/apptainer.def does the same without Docker.
FROM debian:bookworm-slim

# Python 3.11, and make for the environment.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

# What the environment is made from, so that another configuration does not make it anew. All wheels are built: no compiler.
ARG ENVIRONMENT=clusters
WORKDIR /opt/tr300m
COPY LICENSE Makefile README.md pyproject.toml ./
COPY envs envs
COPY workflow workflow
RUN PIP_NO_CACHE_DIR=1 make env-$ENVIRONMENT \
    && ln -s .venv-$ENVIRONMENT .venv
COPY . .

# Any user can run it, one without a name too: nothing is written but to the working directory and to /tmp. The variables
# of NVIDIA ask its runtime for the driver, which no image can bring.
ENV PATH=/opt/tr300m/.venv/bin:$PATH \
    HOME=/tmp \
    LOGNAME=tr300m \
    MPLCONFIGDIR=/tmp/matplotlib \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Of the user's run; a folder for it is mounted here.
WORKDIR /work
CMD ["snakemake", "--snakefile", "/opt/tr300m/Snakefile", "--help"]
