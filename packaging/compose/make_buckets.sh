#!/bin/sh
# Makes buckets in an S3 store; those that are there stay. Needs curl, and S3_ENDPOINT, AWS_REGION,
# AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.
#   make_buckets.sh BUCKET…
set -eu
# The SHA-256 of nothing: some stores refuse a request that does not name its payload's.
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
for bucket in "$@"; do
  # The key goes by standard input: what stands on a command line can be read by others.
  code=$(printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" |
    curl --silent --show-error --config - --aws-sigv4 "aws:amz:$AWS_REGION:s3" --request PUT \
      --retry 5 --retry-connrefused --max-time 30 --header "x-amz-content-sha256: $empty" \
      --output /dev/null --write-out '%{http_code}' "$S3_ENDPOINT/$bucket")
  case "$code" in
    200) echo "bucket $bucket made" ;;
    409) echo "bucket $bucket is there" ;;
    *) echo "bucket $bucket: the store answers $code" >&2; exit 1 ;;
  esac
done
