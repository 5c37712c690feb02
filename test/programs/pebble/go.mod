module cert-setup.test/pebble

go 1.26

require github.com/letsencrypt/pebble/v2 v2.10.1
