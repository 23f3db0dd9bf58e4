#!/bin/sh
# Puts built apps and what they need at run time, in the releases of the lock file, below <out>/app.
# Use: assemble.sh <out> <app>...   in a checkout that is built and may lose its development dependencies
set -eu
out=$1
shift

workspaces=
for app; do workspaces="$workspaces --workspace apps/$app"; done
# shellcheck disable=SC2086
npm ci --omit=dev --omit=optional --ignore-scripts $workspaces

mkdir -p "$out/app"
cp -R package.json LICENSE node_modules "$out/app/"
for link in node_modules/@statemanager/*; do
  project=$(readlink "$link")
  project=${project#../../}
  [ -d "$project/dist" ] || { rm "$out/app/$link" && continue; }
  mkdir -p "$out/app/$project"
  cp -R "$project/package.json" "$project/dist" "$out/app/$project/"
  [ ! -d "$project/node_modules" ] || cp -R "$project/node_modules" "$out/app/$project/"
done
# statectl is one bundle without dependencies: it helps where nothing else is installed.
mkdir -p "$out/app/apps/statectl"
cp -R apps/statectl/package.json apps/statectl/dist "$out/app/apps/statectl/"

# Nothing reads types, source maps and documents at run time.
find "$out/app" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \
  -o -name '*.tsbuildinfo' -o -iname 'readme*' -o -iname 'changelog*' \) -delete
