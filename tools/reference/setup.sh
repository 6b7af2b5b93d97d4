#!/usr/bin/env bash
# Installs the reference implementations (PyTorch, scikit-learn, pydicom …) into tools/reference/.venv, for the scripts
# that make fixtures and for the peers of the benchmarks.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet -r requirements.txt
.venv/bin/python -c 'import torch; print("torch", torch.__version__)'
