#!/usr/bin/env bash
# Builds @tensorflow/tfjs-node against the TensorFlow library inside pip's tensorflow-cpu wheel, for a machine that
# cannot download tfjs-node's ready-made one. It stays outside the repository, in a folder of yours.
#
#   tools/tensorflow/build-tfjs-node.sh <folder> [tensorflow_cpu-*.whl]
#   export CLIP_LUNG_TFJS_NODE=<folder>
#
# Needs bash, unzip, pip (unless a wheel is given), npm, make and a C++ compiler. Takes a few minutes and 2 GB.
set -euo pipefail

if [ $# -lt 1 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
folder=$(realpath -m "$1")
wheel=${2:+$(realpath "$2")}
version=4.22.0
package=$folder/node_modules/@tensorflow/tfjs-node
library=$folder/libtensorflow

mkdir -p "$folder" "$library"
[ -e "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"

if [ ! -e "$library/tensorflow/libtensorflow_cc.so.2" ]; then
  echo 'unpacking TensorFlow'
  if [ -z "$wheel" ]; then
    pip download --quiet --no-deps --dest "$library" tensorflow-cpu
    wheel=$(echo "$library"/tensorflow_cpu-*.whl)
  fi
  unzip -qo "$wheel" \
    'tensorflow/libtensorflow_*.so.2' \
    'tensorflow/include/tensorflow/c/*' \
    'tensorflow/include/tensorflow/core/platform/ctstring*' \
    'tensorflow/include/xla/tsl/c/*' \
    'tensorflow/include/tsl/platform/ctstring*' \
    -d "$library"
  rm -f "$library"/tensorflow_cpu-*.whl
fi

# Its install script is what would download; without it, nothing native is there yet.
[ -d "$package" ] || npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund "@tensorflow/tfjs-node@$version"

mkdir -p "$package/deps/lib"
ln -sfn "$library/tensorflow/include" "$package/deps/include"
for name in cc framework; do
  file=libtensorflow_$name.so.2
  ln -sf "$library/tensorflow/$file" "$package/deps/lib/"
done
# The names that the binding is linked with.
ln -sf libtensorflow_cc.so.2 "$package/deps/lib/libtensorflow.so"
ln -sf libtensorflow_framework.so.2 "$package/deps/lib/libtensorflow_framework.so"

# Node's headers, where they came with Node; else node-gyp downloads them.
prefix=$(node -p 'require("path").resolve(process.execPath, "../..")')
headers=()
[ -e "$prefix/include/node/node_api.h" ] && headers=("--nodedir=$prefix")

echo 'compiling the binding'
cd "$package"
node "$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js" rebuild --release --loglevel=warn -j "${JOBS:-1}" \
  "${headers[@]}" --module_name=tfjs_binding --module_path="$package/lib/napi-v8" --napi_build_version=8
rm -rf build

cd "$folder"
TF_CPP_MIN_LOG_LEVEL=2 node -e "
  const tf = require('@tensorflow/tfjs-node');
  const { TF_Version } = tf.backend().binding;
  const [sum] = tf.matMul(tf.ones([1, 3]), tf.ones([3, 1])).dataSync();
  if (tf.getBackend() !== 'tensorflow' || sum !== 3) throw new Error('the binding does not compute');
  console.log('TensorFlow ' + TF_Version + ' in tfjs-node $version');
"
echo "done: export CLIP_LUNG_TFJS_NODE=$folder"
