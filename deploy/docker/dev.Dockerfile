# A machine to develop and test on: docker build -f deploy/docker/dev.Dockerfile -t weft-dev . && docker run --rm -it
# --privileged -v "$PWD:/weft" -w /weft weft-dev ./test   (privileged: the sandbox makes namespaces and cgroups)
FROM debian:12
WORKDIR /setup
COPY tools/setup tools/packages.txt tools/
RUN tools/setup && rm -rf /var/lib/apt/lists/*
