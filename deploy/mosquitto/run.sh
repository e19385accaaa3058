#!/bin/sh
# Runs Mosquitto on generated files, and lets it read them again whenever they have changed.
set -eu
files=/fleetwave
every_s=2

state() { cat "$files/acl" "$files/passwords" | cksum; }

until [ -s "$files/acl" ] && [ -e "$files/passwords" ]; do sleep "$every_s"; done
before=$(state)
mosquitto -c /mosquitto/config/mosquitto.conf &
broker=$!
trap 'kill -TERM "$broker"' TERM INT
while kill -0 "$broker" 2>/dev/null; do
  # In the background, so that a signal is answered at once.
  sleep "$every_s" &
  wait $! || true
  now=$(state)
  if [ "$now" != "$before" ]; then
    before=$now
    kill -HUP "$broker" 2>/dev/null || true
  fi
done
wait "$broker"
