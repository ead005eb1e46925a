# Verifies a webhook of Bellhop with Ruby's own library. Copy `refusal`; the lines at the end run it on a request from stdin.
require 'openssl'

TOLERANCE_SECONDS = 300

# Why a call must be refused, or nil when it is Bellhop's. `headers` have lower-case names; `body` is the bytes that arrived.
def refusal(secret, headers, body, now = Time.now.to_i)
  id, timestamp, signatures = headers.values_at('webhook-id', 'webhook-timestamp', 'webhook-signature')
  return 'a webhook-… header is missing' if [id, timestamp, signatures].any? { |value| value.to_s.empty? }
  return 'webhook-timestamp is not a number' unless timestamp.match?(/\A[0-9]+\z/)
  return 'the call is too old' if now - timestamp.to_i > TOLERANCE_SECONDS
  return 'the call is from the future' if timestamp.to_i - now > TOLERANCE_SECONDS

  key = secret.delete_prefix('whsec_').unpack1('m')
  content = "#{id}.#{timestamp}.".b + body.b
  expected = "v1,#{[OpenSSL::HMAC.digest('SHA256', key, content)].pack('m0')}"
  # While a secret is being changed there is one signature for the old and one for the new.
  signatures.split(' ').any? { |one| same?(one, expected) } ? nil : 'no signature matches'
end

# The same by X-Signature, which is simpler and can't tell an old call from a new one.
def refusal_by_x_signature(secret, headers, body)
  offered = headers['x-signature'].to_s
  return 'X-Signature is missing' if offered.empty?

  same?(offered, OpenSSL::HMAC.hexdigest('SHA256', secret, body)) ? nil : 'X-Signature does not match'
end

# Comparing letter by letter would tell an attacker by its time how many were right.
def same?(one, other)
  one.bytesize == other.bytesize && OpenSSL.fixed_length_secure_compare(one, other)
end

# WEBHOOK_SECRET=whsec_… ruby verify.rb [--x-signature] < request, where a request is its headers, an empty line and its body.
if $PROGRAM_NAME == __FILE__
  head, body = $stdin.binmode.read.split("\n\n", 2)
  headers = head.split("\n").to_h { |line| line.split(':', 2).map(&:strip) }.transform_keys(&:downcase)
  check = ARGV.include?('--x-signature') ? :refusal_by_x_signature : :refusal
  reason = send(check, ENV.fetch('WEBHOOK_SECRET'), headers, body)
  puts reason || 'verified'
  exit(reason ? 1 : 0)
end
