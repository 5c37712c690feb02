// Judges certificates as Go programs (MinIO, mc, restic) do. Lines in: id, root, chain, key, host, parted by tabs.
// Lines out: id, host, "ok" or why not.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		verdict := "ok"
		if err := judge(fields[1], fields[2], fields[3], fields[4]); err != nil {
			verdict = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Printf("%s\t%s\t%s\n", fields[0], fields[4], verdict)
	}
}

func judge(root, chain, key, host string) error {
	pem, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("no root in %s", root)
	}
	pair, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err
	}
	if err := leaf.VerifyHostname(host); err != nil {
		return err
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: usages}); err != nil {
		return err
	}
	clientSide, serverSide := net.Pipe()
	defer clientSide.Close()
	go func() {
		_ = tls.Server(serverSide, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake()
		serverSide.Close()
	}()
	return tls.Client(clientSide, &tls.Config{RootCAs: roots, ServerName: host}).Handshake()
}
