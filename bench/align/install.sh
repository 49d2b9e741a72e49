#!/bin/sh
# Installs the tools that the scripts compare with, from Debian's packages.
set -eu
apt-get install -y --no-install-recommends parasail fasta3 mmseqs2 mmseqs2-examples ncbi-blast+ diamond-aligner
