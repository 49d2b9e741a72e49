package hdfs

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	krbconfig "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"weir/runtime/op"
)

// keytabOf takes the keys of one user out of the test cluster's keytab, which has all.
func keytabOf(t testing.TB, user string) string {
	t.Helper()
	all, err := keytab.Load(os.Getenv("WEIR_TEST_HDFS_DIR") + "/keytab")
	must(t, err)
	own := keytab.New()
	for _, e := range all.Entries {
		if e.Principal.Components[0] == user {
			own.Entries = append(own.Entries, e)
		}
	}
	b, err := own.Marshal()
	must(t, err)
	name := t.TempDir() + "/keytab"
	must(t, os.WriteFile(name, b, 0o600))
	return name
}

func kerberosOnly(t *testing.T) (env map[string]string) {
	t.Helper()
	if !isKerberos(t) {
		t.Skip("the cluster asks for no Kerberos: .ci/hdfs.sh start DIR kerberos")
	}
	dir := os.Getenv("WEIR_TEST_HDFS_DIR")
	return map[string]string{"HADOOP_CONF_DIR": dir + "/conf/client", "KRB5_CONFIG": dir + "/kdc/krb5.conf", "KRB5CCNAME": t.TempDir() + "/tickets"}
}

// tickets writes a ticket cache as kinit does: version 4 of the format of MIT.
func tickets(t *testing.T, conf, keys, name string) {
	t.Helper()
	krb, err := krbconfig.Load(conf)
	must(t, err)
	table, err := keytab.Load(keys)
	must(t, err)
	realm := table.Entries[0].Principal.Realm
	who := types.NewPrincipalName(1, strings.Join(table.Entries[0].Principal.Components, "/"))
	c := client.NewWithKeytab(who.PrincipalNameString(), realm, table, krb, client.DisablePAFXFAST(true))
	request, err := messages.NewASReqForTGT(realm, krb, who)
	must(t, err)
	reply, err := c.ASExchange(realm, request, 0)
	must(t, err)
	ticket, err := reply.Ticket.Marshal()
	must(t, err)

	var b []byte
	u16 := func(n int) { b = binary.BigEndian.AppendUint16(b, uint16(n)) }
	u32 := func(n int) { b = binary.BigEndian.AppendUint32(b, uint32(n)) }
	data := func(d []byte) {
		u32(len(d))
		b = append(b, d...)
	}
	principal := func(name types.PrincipalName) {
		u32(int(name.NameType))
		u32(len(name.NameString))
		data([]byte(realm))
		for _, part := range name.NameString {
			data([]byte(part))
		}
	}
	b = append(b, 5, 4)
	u16(12)
	u16(1)
	u16(8)
	b = append(b, make([]byte, 8)...) // the KDC's clock is ours
	principal(who)
	principal(who)
	principal(reply.Ticket.SName)
	u16(int(reply.DecryptedEncPart.Key.KeyType))
	data(reply.DecryptedEncPart.Key.KeyValue)
	for _, at := range []time.Time{reply.DecryptedEncPart.AuthTime, reply.DecryptedEncPart.StartTime, reply.DecryptedEncPart.EndTime, reply.DecryptedEncPart.RenewTill} {
		u32(int(at.Unix()))
	}
	b = append(b, 0)
	b = append(b, reply.DecryptedEncPart.Flags.Bytes...)
	u32(0)
	u32(0)
	data(ticket)
	data(nil)
	must(t, os.WriteFile(name, b, 0o600))
}

// TestTickets: kinit's tickets come before the keytab.
func TestTickets(t *testing.T) {
	env := kerberosOnly(t)
	tickets(t, env["KRB5_CONFIG"], keytabOf(t, "weir"), env["KRB5CCNAME"])
	s := as(t, "", Options{Getenv: func(name string) string { return env[name] }})
	dir := folder(t)
	put(t, s, dir+"file", []byte("x"))
	has(t, s, dir+"file", []byte("x"))
	c, _, err := s.of(dir)
	must(t, err)
	got, err := c.fs.stat(strings.TrimPrefix(dir, "hdfs://"+authority(t)) + "file")
	must(t, err)
	if got.owner != "weir" {
		t.Errorf("the owner is %s", got.owner)
	}
}

func TestKerberosErrors(t *testing.T) {
	env := kerberosOnly(t)
	try := func(hint string, change map[string]string) {
		t.Helper()
		now := map[string]string{}
		for _, m := range []map[string]string{env, change} {
			for k, v := range m {
				now[k] = v
			}
		}
		_, err := as(t, "", Options{Getenv: func(name string) string { return now[name] }}).List(ctx, folder(t))
		var e *op.Error
		if !errors.As(err, &e) || e.Code != codeAuth && e.Code != codeReach || !strings.Contains(e.Hint, hint) {
			t.Errorf("%v; %+v", err, e)
		} else {
			t.Logf("%v\n\t%s", err, e.Hint)
		}
	}
	damaged := t.TempDir() + "/damaged"
	must(t, os.WriteFile(damaged, []byte{5, 4, 0}, 0o600))
	try("run kinit, or set", nil)
	try("run kinit again", map[string]string{"KRB5CCNAME": damaged})
	try("only files can", map[string]string{"KRB5CCNAME": "KEYRING:persistent:0"})
	try("may read", map[string]string{"KRB5_CLIENT_KTNAME": damaged})
	try("KRB5_CONFIG names", map[string]string{"KRB5_CONFIG": damaged + "-none"})
	other := keytab.New()
	must(t, other.AddEntry("weir", "EXAMPLE.COM", "wrong", time.Now(), 1, 17))
	b, err := other.Marshal()
	must(t, err)
	wrong := t.TempDir() + "/keytab"
	must(t, os.WriteFile(wrong, b, 0o600))
	try("kinit -kt", map[string]string{"KRB5_CLIENT_KTNAME": wrong})
	// A client that is not configured for Kerberos.
	try("check hadoop.security.authentication", map[string]string{"HADOOP_CONF_DIR": "", "HADOOP_USER_NAME": "weir"})
}
