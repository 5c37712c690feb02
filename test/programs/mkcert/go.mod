module cert-setup.test/mkcert

go 1.26

require filippo.io/mkcert v1.4.4
