package document

import (
	"crypto/x509"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"guichet/pipeline/claim"
)

func readSignatures([]byte, *model.Context, *x509.CertPool) []claim.Signature { return nil }
