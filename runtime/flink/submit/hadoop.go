package submit

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// hadoopConf is Hadoop's configuration, by property.
type hadoopConf map[string]string

// readHadoopConf reads the files of a folder that say where YARN and HDFS are.
func readHadoopConf(dir string) (hadoopConf, error) {
	conf := hadoopConf{}
	found := false
	for _, name := range []string{"core-site.xml", "hdfs-site.xml", "yarn-site.xml"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var doc struct {
			Properties []struct {
				Name  string `xml:"name"`
				Value string `xml:"value"`
			} `xml:"property"`
		}
		if err := xml.Unmarshal(data, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
		for _, p := range doc.Properties {
			conf[strings.TrimSpace(p.Name)] = strings.TrimSpace(p.Value)
		}
		found = found || name == "yarn-site.xml"
	}
	if !found {
		return nil, fmt.Errorf("%s has no yarn-site.xml", dir)
	}
	return conf, nil
}

var variable = regexp.MustCompile(`\$\{([^}$]+)\}`)

// get gives a property with ${…} replaced, as Hadoop does it.
func (c hadoopConf) get(name, otherwise string) string {
	s, ok := c[name]
	if !ok {
		s = otherwise
	}
	for range 20 { // as deep as Hadoop goes
		t := variable.ReplaceAllStringFunc(s, func(v string) string {
			name := v[2 : len(v)-1]
			if value, ok := c[name]; ok {
				return value
			}
			if value, ok := os.LookupEnv(strings.TrimPrefix(name, "env.")); ok && strings.HasPrefix(name, "env.") {
				return value
			}
			return v
		})
		if t == s {
			break
		}
		s = t
	}
	return s
}

// resourceManagers gives the web addresses of the resource managers.
func (c hadoopConf) resourceManagers() []string {
	scheme, key, port := "http://", "yarn.resourcemanager.webapp.address", "8088"
	if c.get("yarn.http.policy", "HTTP_ONLY") == "HTTPS_ONLY" {
		scheme, key, port = "https://", "yarn.resourcemanager.webapp.https.address", "8090"
	}
	address := func(suffix string) string {
		a := c.get(key+suffix, "")
		if a == "" {
			host := c.get("yarn.resourcemanager.hostname"+suffix, c.get("yarn.resourcemanager.hostname", "0.0.0.0"))
			a = host + ":" + port
		}
		// What a server listens on everywhere is reached on this machine.
		return scheme + strings.Replace(a, "0.0.0.0:", "127.0.0.1:", 1)
	}
	if c.get("yarn.resourcemanager.ha.enabled", "false") != "true" {
		return []string{address("")}
	}
	var all []string
	for _, id := range strings.Split(c.get("yarn.resourcemanager.ha.rm-ids", ""), ",") {
		if id = strings.TrimSpace(id); id != "" {
			all = append(all, address("."+id))
		}
	}
	return all
}
