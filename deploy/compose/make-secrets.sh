#!/bin/sh
# Makes the secrets of docker-compose.yml, once: what is there stays. Keep the folder: without the master key no stored
# artifact can be read.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
# The folder is its owner's only. The files can be read by others, because containers read them as other users.
put() { rm -f "$1" && cat >"$1.new" && chmod 444 "$1.new" && mv "$1.new" "$1"; }

[ -e master-key ] || head -c 32 /dev/urandom | base64 | put master-key
[ -e mqtt-url ] || printf 'mqtt://fleetwave:%s@mosquitto:1883\n' "$(random 20)" | put mqtt-url
if [ ! -e s3-url ]; then
  password=$(random 20)
  printf 'MINIO_ROOT_USER=fleetwave\nMINIO_ROOT_PASSWORD=%s\n' "$password" | put minio.env
  query="endpoint=http://s3:9000&region=us-east-1&accessKeyId=fleetwave&secretAccessKey=$password"
  printf 's3://fleetwave?%s\n' "$query" | put s3-url
fi
if [ ! -e azure-blob ]; then
  key=$(head -c 64 /dev/urandom | base64 | tr -d '\n')
  printf 'fleetwave:%s\n' "$key" | put azurite-account
  endpoint='BlobEndpoint=http://azurite:10000/fleetwave;'
  printf 'DefaultEndpointsProtocol=http;AccountName=fleetwave;AccountKey=%s;%s\n' "$key" "$endpoint" | put azure-blob
fi
echo "The secrets are in $(pwd)."
