package hdfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	krbconfig "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"weir/runtime/op"
)

// kerberosClient logs in as MIT's tools do: with the tickets of KRB5CCNAME (by default /tmp/krb5cc_UID), else with the keytab that
// KRB5_CLIENT_KTNAME names, as its first principal. KRB5_CONFIG names krb5.conf. Tickets of a keytab are renewed as long as the process runs; those of a cache last as
// long as they last.
func kerberosClient(getenv func(string) string) (*client.Client, error) {
	path := getenv("KRB5_CONFIG")
	if path == "" {
		path = "/etc/krb5.conf"
	}
	conf, err := whole(loadConf, path)
	if unsupported := (krbconfig.UnsupportedDirective{}); err != nil && !errors.As(err, &unsupported) {
		return nil, &op.Error{Code: codeAuth, File: path, Message: "Kerberos's configuration cannot be read", Err: cause(err),
			Hint: "KRB5_CONFIG names the file; by default it is /etc/krb5.conf. What it includes from other files is not read"}
	}
	cache, err := file(getenv("KRB5CCNAME"), fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid()))
	if err != nil {
		return nil, err
	}
	tickets, err := whole(credentials.LoadCCache, cache)
	if err == nil {
		c, err := client.NewFromCCache(tickets, conf, client.DisablePAFXFAST(true))
		if err == nil {
			return c, nil
		}
		return nil, &op.Error{Code: codeAuth, File: cache, Message: "the Kerberos tickets cannot be used", Err: err, Hint: "run kinit again"}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, &op.Error{Code: codeAuth, File: cache, Message: "the Kerberos tickets cannot be read", Err: cause(err), Hint: "run kinit again, or set KRB5CCNAME"}
	}
	if getenv("KRB5_CLIENT_KTNAME") == "" {
		return nil, &op.Error{Code: codeAuth, File: cache, Message: "the cluster asks for Kerberos, and there are no tickets",
			Hint: "run kinit, or set KRB5CCNAME to a ticket cache or KRB5_CLIENT_KTNAME to a keytab"}
	}
	name, err := file(getenv("KRB5_CLIENT_KTNAME"), "")
	if err != nil {
		return nil, err
	}
	keys, err := whole(keytab.Load, name)
	if err != nil || len(keys.Entries) == 0 {
		return nil, &op.Error{Code: codeAuth, File: name, Message: "the keytab cannot be read", Err: cause(err), Hint: "KRB5_CLIENT_KTNAME names a keytab that this user may read"}
	}
	p := keys.Entries[0].Principal
	c := client.NewWithKeytab(strings.Join(p.Components, "/"), p.Realm, keys, conf, client.DisablePAFXFAST(true))
	if err := c.Login(); err != nil {
		return nil, &op.Error{Code: codeAuth, File: name, Message: "Kerberos does not take " + strings.Join(p.Components, "/") + "@" + p.Realm, Err: err,
			Hint: "the keytab may be older than the password, or the realm's servers cannot be reached: `kinit -kt` says more"}
	}
	return c, nil
}

// whole reads a file by a parser that panics where it ends too early.
func whole[T any](load func(string) (T, error), name string) (t T, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it is damaged")
		}
	}()
	return load(name)
}

func loadConf(name string) (*krbconfig.Config, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return krbconfig.NewFromString(string(text))
}

// file takes the file out of a name of Kerberos: FILE:/path, or a path. Other kinds of caches (KEYRING:, KCM:) cannot be read.
func file(name, otherwise string) (string, error) {
	if name == "" {
		return otherwise, nil
	}
	if kind, path, ok := strings.Cut(name, ":"); ok {
		if kind != "FILE" {
			return "", &op.Error{Code: codeAuth, File: name, Message: "a ticket cache or keytab of this kind cannot be read",
				Hint: "only files can: KRB5CCNAME=FILE:/tmp/tickets kinit"}
		}
		return path, nil
	}
	return name, nil
}

// cause leaves out the path, which is said already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
