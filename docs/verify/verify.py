"""Verifies a webhook of Bellhop with Python's own library. Copy `refusal`; the lines at the end run it on a request from stdin."""

import base64
import hashlib
import hmac
import os
import re
import sys
import time

TOLERANCE_SECONDS = 300


def refusal(secret, headers, body, now=None):
    """Why a call must be refused, or None when it is Bellhop's. `headers` have lower-case names; `body` is the bytes that arrived."""
    call_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not call_id or not timestamp or not signatures:
        return "a webhook-… header is missing"
    if not re.fullmatch(r"[0-9]+", timestamp):
        return "webhook-timestamp is not a number"
    now = int(time.time()) if now is None else now
    if now - int(timestamp) > TOLERANCE_SECONDS:
        return "the call is too old"
    if int(timestamp) - now > TOLERANCE_SECONDS:
        return "the call is from the future"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{call_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
    # While a secret is being changed there is one signature for the old and one for the new.
    if any(hmac.compare_digest(one.encode(), expected) for one in signatures.split(" ")):
        return None
    return "no signature matches"


def refusal_by_x_signature(secret, headers, body):
    """The same by X-Signature, which is simpler and can't tell an old call from a new one."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not headers.get("x-signature"):
        return "X-Signature is missing"
    if not hmac.compare_digest(headers["x-signature"].encode(), expected.encode()):
        return "X-Signature does not match"
    return None


# WEBHOOK_SECRET=whsec_… python3 verify.py [--x-signature] < request, where a request is its headers, an empty line and its body.
if __name__ == "__main__":
    head, _, body = sys.stdin.buffer.read().partition(b"\n\n")
    fields = (line.partition(":") for line in head.decode().split("\n"))
    headers = {name.lower(): value.strip() for name, _, value in fields}
    check = refusal_by_x_signature if "--x-signature" in sys.argv else refusal
    reason = check(os.environ["WEBHOOK_SECRET"], headers, body)
    sys.stdout.buffer.write((reason or "verified").encode() + b"\n")
    sys.exit(1 if reason else 0)
