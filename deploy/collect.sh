#!/bin/sh
# Collects what a built Ostiary needs to run, and nothing else, in the folder that is named: collect.sh FOLDER
# Native packages are not in the bundle and come along; so does the Node that npm brought.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
target=$1
mkdir -p "$target/node_modules/.bin" "$target/tools" "$target/bin" "$target/deploy"
cp -R "$root/dist" "$target/dist"
rm -rf "$target/dist/compiled"
cp -R "$root/node_modules/@node-rs" "$target/node_modules/@node-rs"
cp -L "$root/node_modules/.bin/node" "$target/node_modules/.bin/node"
cp "$root/tools/start.mjs" "$root/tools/stamp.mjs" "$target/tools/"
cp "$root/bin/ostiary" "$target/bin/ostiary"
cp "$root/deploy/healthcheck.mjs" "$target/deploy/"
cp "$root/package.json" "$root/LICENSE" "$target/"
