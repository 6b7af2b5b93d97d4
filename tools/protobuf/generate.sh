#!/usr/bin/env bash
# Writes the messages that packages read and write from their .proto files: onnx-ml.proto (ONNX 1.23.1, Apache-2.0) and
# tensorboard.proto (of TensorBoard 2.21, Apache-2.0).
# Needs protoc (Debian: protobuf-compiler); fetches the code generator from the npm registry.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --prefix "$work" @bufbuild/protoc-gen-es@2.10.2
generate() {
  protoc --plugin="$work/node_modules/.bin/protoc-gen-es" --es_out="../../packages/$2" \
    --es_opt=target=ts,import_extension=js "$1"
}
generate onnx-ml.proto engine/src/onnx/graph
generate tensorboard.proto tensorboard/src/proto
