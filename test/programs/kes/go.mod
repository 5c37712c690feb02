module cert-setup.test/kes

go 1.26

require github.com/minio/kes v0.24.0
