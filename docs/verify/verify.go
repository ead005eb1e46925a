// Verifies a webhook of Bellhop with Go's own library. Copy Refusal; main runs it on a request from stdin.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const toleranceSeconds = 300

// Refusal says why a call must be refused; it is empty when the call is Bellhop's. The body is the bytes that arrived.
func Refusal(secret string, headers http.Header, body []byte, now time.Time) string {
	id, sent, signatures := headers.Get("webhook-id"), headers.Get("webhook-timestamp"), headers.Get("webhook-signature")
	if id == "" || sent == "" || signatures == "" {
		return "a webhook-… header is missing"
	}
	timestamp, err := strconv.ParseUint(sent, 10, 62)
	if err != nil {
		return "webhook-timestamp is not a number"
	}
	age := now.Unix() - int64(timestamp)
	if age > toleranceSeconds {
		return "the call is too old"
	}
	if age < -toleranceSeconds {
		return "the call is from the future"
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "the secret is not whsec_ and base64"
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + sent + "."))
	mac.Write(body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	// While a secret is being changed there is one signature for the old and one for the new.
	for _, one := range strings.Split(signatures, " ") {
		if hmac.Equal([]byte(one), expected) {
			return ""
		}
	}
	return "no signature matches"
}

// RefusalByXSignature does the same by X-Signature, which is simpler and can't tell an old call from a new one.
func RefusalByXSignature(secret string, headers http.Header, body []byte) string {
	offered := headers.Get("X-Signature")
	if offered == "" {
		return "X-Signature is missing"
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	if !hmac.Equal([]byte(offered), []byte(hex.EncodeToString(mac.Sum(nil)))) {
		return "X-Signature does not match"
	}
	return ""
}

// WEBHOOK_SECRET=whsec_… go run verify.go [--x-signature] < request, where a request is its headers, an empty line and its body.
func main() {
	request, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	head, body, _ := bytes.Cut(request, []byte("\n\n"))
	headers := http.Header{}
	for _, line := range strings.Split(string(head), "\n") {
		name, value, _ := strings.Cut(line, ":")
		headers.Set(name, strings.TrimSpace(value))
	}
	secret := os.Getenv("WEBHOOK_SECRET")
	reason := Refusal(secret, headers, body, time.Now())
	if len(os.Args) > 1 && os.Args[1] == "--x-signature" {
		reason = RefusalByXSignature(secret, headers, body)
	}
	if reason != "" {
		fmt.Println(reason)
		os.Exit(1)
	}
	fmt.Println("verified")
}
