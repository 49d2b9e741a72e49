package project

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"weir/runtime/storage/s3"
)

// encryptions are S3's own names of what server-side encryption there is.
var encryptions = []string{"AES256", "aws:kms", "aws:kms:dsse"}

// s3 reads the settings of S3. Who one is stands in AWS's own files and environment only: no key here takes a secret.
func (p *parser) s3(n *yaml.Node) s3.Options {
	var o s3.Options
	places := map[string]*yaml.Node{}
	for key, v := range p.mapping(n, "`s3`", "endpoint", "region", "profile", "role", "anonymous", "path_style", "sse", "kms_key", "requester_pays", "part_size", "read_ahead") {
		places[key] = v
		switch key {
		case "endpoint":
			o.Endpoint = p.text(v)
			if u, err := url.Parse(o.Endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
				p.report(v, "W6104", "`endpoint` is a URL of scheme, host and port", "write http://127.0.0.1:9000, say")
			}
		case "region":
			o.Region = p.text(v)
			if strings.ContainsFunc(o.Region, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
				p.report(v, "W6104", "`region` is the name of a region", "write eu-central-1, say")
			}
		case "profile":
			o.Profile = p.text(v)
		case "role":
			o.Role = p.text(v)
			if !strings.HasPrefix(o.Role, "arn:") {
				p.report(v, "W6104", "`role` is the ARN of a role", "write arn:aws:iam::ACCOUNT:role/NAME")
			}
		case "anonymous":
			p.decode(v, key, &o.Anonymous)
		case "path_style":
			o.PathStyle = new(bool)
			p.decode(v, key, o.PathStyle)
		case "sse":
			if o.SSE = p.text(v); !slices.Contains(encryptions, o.SSE) {
				p.report(v, "W6104", "`sse` is one of "+strings.Join(encryptions, ", "), "")
			}
		case "kms_key":
			o.KMSKey = p.text(v)
		case "requester_pays":
			p.decode(v, key, &o.RequesterPays)
		case "part_size":
			o.PartSize = p.size(v, key, s3.MinPartSize, s3.MaxPartSize)
		case "read_ahead":
			o.ReadAhead = p.size(v, key, 1<<20, 1<<40)
		}
	}
	if o.KMSKey != "" && !strings.HasPrefix(o.SSE, "aws:kms") {
		p.report(places["kms_key"], "W6104", "`kms_key` goes with `sse: aws:kms`", "add it")
	}
	if o.Anonymous && (o.Profile != "" || o.Role != "") {
		p.report(places["anonymous"], "W6104", "`anonymous` goes with neither `profile` nor `role`", "remove it, or those")
	}
	return o
}

func (p *parser) decode(v *yaml.Node, key string, to *bool) {
	if err := v.Decode(to); err != nil {
		p.report(v, "W6104", fmt.Sprintf("`%s` is true or false", key), "")
	}
}

// size reads a number of bytes within bounds.
func (p *parser) size(v *yaml.Node, key string, low, high int64) int64 {
	n, err := ParseSize(p.text(v))
	if err != nil {
		p.report(v, "W6104", "`"+key+"` "+err.Error(), "write 16MiB, say")
		return 0
	}
	if n < low || n > high {
		p.report(v, "W6104", fmt.Sprintf("`%s` is from %d MiB to %d GiB", key, low>>20, high>>30), "")
		return 0
	}
	return n
}
