#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-format.sh
#
# Every C file has the format of .clang-format. `make format` mends what this finds.

set -euo pipefail

cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"
command=${CLANG_FORMAT:-$(command -v clang-format-14 || command -v clang-format || true)}
if [ -z "$command" ]; then
        echo 'SKIP: there is no clang-format'
        exit 77
fi
version=$("$command" --version)
case $version in
*'version 14.'*) ;;
*)
        # Versions differ in what they make of the same file of settings.
        echo "SKIP: the format is that of clang-format 14, and this is $version"
        exit 77
        ;;
esac
failed=0
count=0
while read -r file; do
        count=$((count + 1))
        if ! "$command" "$file" | diff -u --label "$file" --label "$file, formatted" "$file" -; then
                failed=1
        fi
done < <(find src tests examples -name '*.[ch]' | sort)
[ "$count" -gt 0 ] || { echo 'no C file was found' && exit 1; }
[ "$failed" -eq 0 ] || { echo "'make format' mends this." && exit 1; }
echo "$count files, all formatted: PASSED"
