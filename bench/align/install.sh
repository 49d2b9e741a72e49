#!/bin/sh
# Installs the tools that compare.py times, from Debian's packages.
set -eu
apt-get install -y --no-install-recommends parasail fasta3 mmseqs2-examples
