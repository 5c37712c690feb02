module cert-setup.test/certgen

go 1.26

require github.com/minio/certgen v1.2.1
