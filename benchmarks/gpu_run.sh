#!/usr/bin/env bash
# Everything that is to be measured on a GPU, in ten minutes at most: see `python -m benchmarks.gpu_run --help`.
#
#   benchmarks/gpu_run.sh                      from the repository's root; writes $OUT, or results/gpu
#   SMOLLM2=build/smollm2 benchmarks/gpu_run.sh   with the pretrained model (python -m benchmarks.smollm2 build/smollm2)
#   TOD_BENCH_DATA=FOLDER benchmarks/gpu_run.sh   with the corpora; without it, T5 trains on the embedded corpus
#
# Nothing is installed: packages are found in the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD:$PWD/metrics:$PWD/baselines${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
exec "${PYTHON:-python3}" -m benchmarks.gpu_run --out "${OUT:-results/gpu}" ${SMOLLM2:+--smollm2 "$SMOLLM2"} "$@"
