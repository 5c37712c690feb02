// Loads pairs as MinIO does at its start. Lines in: chain, key, parted by a tab. Lines out: "ok" or why not.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		pair, err := tls.LoadX509KeyPair(fields[0], fields[1])
		for _, der := range pair.Certificate {
			if err == nil {
				_, err = x509.ParseCertificate(der)
			}
		}
		if err != nil {
			fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}
