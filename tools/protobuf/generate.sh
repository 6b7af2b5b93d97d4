#!/usr/bin/env bash
# Writes packages/engine/src/onnx/graph/onnx-ml_pb.ts from onnx-ml.proto (ONNX 1.23.1, Apache-2.0).
# Needs protoc (Debian: protobuf-compiler); fetches the code generator from the npm registry.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --prefix "$work" @bufbuild/protoc-gen-es@2.10.2
protoc --plugin="$work/node_modules/.bin/protoc-gen-es" --es_out=../../packages/engine/src/onnx/graph \
  --es_opt=target=ts,import_extension=js onnx-ml.proto
