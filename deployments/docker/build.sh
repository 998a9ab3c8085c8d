#!/usr/bin/env bash
# Builds the image of an app by docker or buildah. --help tells how.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

node_version=$(cat .node-version)
app=${APP:-item-service}
build_image=${BUILD_IMAGE:-}
runtime_image=${RUNTIME_IMAGE:-}
tag=${TAG:-}
source_url=${SOURCE:-}
tool=${TOOL:-}
allow_unpinned=false

usage() {
  cat <<TEXT
Usage: deployments/docker/build.sh [options] [-- <arguments of docker buildx build or buildah build>]

  --build-image <image>     with Node.js $node_version, npm and a shell (BUILD_IMAGE)
  --runtime-image <image>   with glibc and libstdc++; distroless will do (RUNTIME_IMAGE)
  --app <name>              a folder of apps (APP); item-service
  --tag <name>              (TAG); grpc-kit/<app>:<version of its package.json>
  --source <url>            where its sources are, for a label of the image (SOURCE); none
  --tool <docker|buildah>   (TOOL); docker if its daemon answers, or else buildah
  --allow-unpinned          takes images without a digest, such as those of this machine alone

Images are said by digest: <name>@sha256:<digest>. These print it:

  docker buildx imagetools inspect docker.io/library/node:$node_version-bookworm-slim --format '{{.Manifest.Digest}}'
  docker buildx imagetools inspect gcr.io/distroless/cc-debian12:nonroot --format '{{.Manifest.Digest}}'

or skopeo inspect --format '{{.Digest}}' docker://<name>. A registry of npm packages of your own:
-- --secret id=npmrc,src=\$HOME/.npmrc
TEXT
}

fail() {
  printf 'build.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

check_image() { # <option> <image>
  [[ -n $2 ]] || fail "$1 must be an image with its digest, got none; --help has the commands that print digests" 2
  if ! $allow_unpinned && [[ ! $2 =~ @sha256:[0-9a-f]{64}$ ]]; then
    fail "$1 must end in @sha256:<digest>, got $2. These print the digest:
  docker buildx imagetools inspect $2 --format '{{.Manifest.Digest}}'
  skopeo inspect --format '{{.Digest}}' docker://$2
or say --allow-unpinned for an image of this machine alone" 2
  fi
}

find_tool() {
  if docker buildx version &>/dev/null && docker info &>/dev/null; then
    echo docker
  elif command -v buildah >/dev/null; then
    echo buildah
  else
    fail "needs docker with buildx and a daemon that answers, or buildah: install one of them"
  fi
}

while (($# > 0)); do
  case $1 in
    --help) usage && exit ;;
    --allow-unpinned) allow_unpinned=true ;;
    --) shift && break ;;
    --build-image | --runtime-image | --app | --tag | --source | --tool)
      (($# > 1)) || fail "$1 must have a value; --help tells which" 2
      case $1 in
        --build-image) build_image=$2 ;;
        --runtime-image) runtime_image=$2 ;;
        --app) app=$2 ;;
        --tag) tag=$2 ;;
        --source) source_url=$2 ;;
        --tool) tool=$2 ;;
      esac
      shift
      ;;
    *) fail "there is no option $1; --help has those there are" 2 ;;
  esac
  shift
done

check_image --build-image "$build_image"
check_image --runtime-image "$runtime_image"
[[ -f apps/$app/package.json ]] || fail "--app must be a folder of apps, got $app" 2
[[ -n $tool ]] || tool=$(find_tool)
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "apps/$app/package.json")
tag=${tag:-grpc-kit/$app:$version}
revision=$(git rev-parse HEAD 2>/dev/null || true)
[[ -z $revision || -z $(git status --porcelain) ]] || revision+=-modified

arguments=(
  --file deployments/docker/Dockerfile --tag "$tag"
  --build-arg "BUILD_IMAGE=$build_image" --build-arg "RUNTIME_IMAGE=$runtime_image"
  --build-arg "APP=$app" --build-arg "VERSION=$version" --build-arg "REVISION=$revision"
  --build-arg "SOURCE=$source_url"
  "$@" .
)
case $tool in
  docker) docker buildx build --load "${arguments[@]}" ;;
  # As docker does, it then keeps what each line has made for the next time.
  buildah) BUILDAH_LAYERS=${BUILDAH_LAYERS:-true} buildah build "${arguments[@]}" ;;
  *) fail "--tool must be docker or buildah, got $tool" 2 ;;
esac
printf '%s: %s\n' "$tag" "$("$tool" images --format '{{.Size}}' "$tag")"
