#!/usr/bin/env bash
# Images on a machine without a registry, for scripts/compose-trial and scripts/systemd-trial, which say
# what is needed and source this with the folder that keeps images. Leaves AIRLOOM_IMAGE built, and podman
# told where things are.
package=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath -m "${1:-/tmp/airloom-trial}")

if [ "${AIRLOOM_TRIAL_INSIDE:-}" != 1 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "$0 makes containers without a daemon: run it as root" >&2
    exit 77
  fi
  for program in mmdebstrap podman crun iptables ffmpeg icecast2; do
    if ! PATH=$PATH:/usr/sbin command -v "$program" >/dev/null; then
      echo "$0 needs $program" >&2
      exit 69
    fi
  done
  # A mount namespace of its own: crun refuses a machine with both kinds of control groups.
  AIRLOOM_TRIAL_INSIDE=1 exec unshare --mount "$0" "$folder"
fi
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi

mkdir -p "$folder"
cat >"$folder/containers.conf" <<END
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=1000:1000"]
[engine]
runtime = "crun"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
cat >"$folder/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$folder/store"
runroot = "$folder/run"
END
export CONTAINERS_CONF=$folder/containers.conf CONTAINERS_STORAGE_CONF=$folder/storage.conf
# Chroot isolation needs neither control groups nor a network of its own.
export BUILDAH_ISOLATION=chroot
base=localhost/airloom-trial-debian
swift=localhost/airloom-trial-swift
export AIRLOOM_IMAGE=localhost/airloom:latest

if ! podman image exists "$base"; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$folder/debian.tar"
  podman import --quiet "$folder/debian.tar" "$base"
fi
if [ "${AIRLOOM_TRIAL_SKIP_BUILD:-}" != 1 ]; then
  # The toolchain is lent to the build as a folder: it is large, and no part of any image.
  toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")
  printf 'FROM %s\nENV PATH=/toolchain/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' "$base" |
    podman build --quiet --tag "$swift" --file - "$folder"
  time podman build --network=host --volume "$toolchain:/toolchain:ro" \
    --build-arg BUILD_IMAGE="$swift" --build-arg RUNTIME_IMAGE="$base" \
    --file "$package/deploy/Dockerfile" --tag "$AIRLOOM_IMAGE" "$package"
fi
podman image ls --format '{{.Repository}} {{.Size}}' "$AIRLOOM_IMAGE"
