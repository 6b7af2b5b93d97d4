#!/bin/sh
# A certificate for localhost that nobody trusts, and its key, for tests of https. Neither guards anything.
# usage: localhost_certificate.sh packages/text-encoder/fixtures/tls
set -eu
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
  -subj /CN=localhost -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
  -keyout "$1/key.pem" -out "$1/certificate.pem" 2>/dev/null
