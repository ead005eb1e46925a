<?php

// Verifies a webhook of Bellhop with PHP 8's own functions. Copy `refusal`; the lines at the end run it on a request from stdin.

const TOLERANCE_SECONDS = 300;

/** Why a call must be refused, or null when it is Bellhop's. `$headers` have lower-case names; `$body` is the bytes that arrived. */
function refusal(string $secret, array $headers, string $body, ?int $now = null): ?string
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    $signatures = $headers['webhook-signature'] ?? '';
    if ($id === '' || $timestamp === '' || $signatures === '') {
        return 'a webhook-… header is missing';
    }
    if (!preg_match('/^[0-9]+$/D', $timestamp)) {
        return 'webhook-timestamp is not a number';
    }
    $now ??= time();
    if ($now - (int) $timestamp > TOLERANCE_SECONDS) {
        return 'the call is too old';
    }
    if ((int) $timestamp - $now > TOLERANCE_SECONDS) {
        return 'the call is from the future';
    }
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // While a secret is being changed there is one signature for the old and one for the new.
    foreach (explode(' ', $signatures) as $one) {
        if (hash_equals($expected, $one)) {
            return null;
        }
    }
    return 'no signature matches';
}

/** The same by X-Signature, which is simpler and can't tell an old call from a new one. */
function refusalByXSignature(string $secret, array $headers, string $body): ?string
{
    if (($headers['x-signature'] ?? '') === '') {
        return 'X-Signature is missing';
    }
    return hash_equals(hash_hmac('sha256', $body, $secret), $headers['x-signature']) ? null : 'X-Signature does not match';
}

// WEBHOOK_SECRET=whsec_… php verify.php [--x-signature] < request, where a request is its headers, an empty line and its body.
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    [$head, $body] = explode("\n\n", file_get_contents('php://stdin'), 2);
    $headers = [];
    foreach (explode("\n", $head) as $line) {
        [$name, $value] = explode(':', $line, 2);
        $headers[strtolower($name)] = trim($value);
    }
    $check = in_array('--x-signature', $argv, true) ? 'refusalByXSignature' : 'refusal';
    $reason = $check(getenv('WEBHOOK_SECRET'), $headers, $body);
    echo $reason ?? 'verified', "\n";
    exit($reason === null ? 0 : 1);
}
