#!/bin/bash
# The AWS CLI, version 2, in a folder of its own with all it needs: cliPath /opt/aws-cli/bin/aws mounts /opt/aws-cli into a job.
# Nothing in it may be moved later: its links are absolute.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
command -v unzip >/dev/null || dnf install -y unzip
curl --fail --silent --show-error --retry 5 --output "$folder/cli.zip" "https://awscli.amazonaws.com/awscli-exe-linux-$(uname -m).zip"
unzip -q "$folder/cli.zip" -d "$folder"
"$folder/aws/install" --update --install-dir /opt/aws-cli --bin-dir /opt/aws-cli/bin
/opt/aws-cli/bin/aws --version
