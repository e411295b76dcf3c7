package document

import (
	"strings"

	"guichet/pipeline/claim"
)

// expectedVerdict is what a person finds who reads a file's revisions, and
// why. Verdicts stand in the order of the end of the bytes covered.
type expectedVerdict struct {
	verdicts string
	reason   string
	attack   bool // the document is not what was signed: it must not come out whole and intact
}

const (
	once  = "intact/whole"
	twice = "intact/whole, intact/whole"
	later = "intact/whole, intact/whole tst"
)

var expectedSigned = map[string]expectedVerdict{
	"dss__DSS-1683.pdf":                                            {once, "covers the file; adbe.pkcs7.sha1", false},
	"dss__DSS-1983.pdf":                                            {later, "DSS, then a document timestamp in a new field; fonts for the form", false},
	"dss__DSS-2025.pdf":                                            {once, "covers the file", false},
	"dss__DSS1376-rev_n-1.pdf":                                     {"intact/partial", "four text fields filled in four later revisions", false},
	"dss__DSS1376-rev_n-2.pdf":                                     {"intact/partial", "three text fields filled later", false},
	"dss__DSS1376-rev_n-3.pdf":                                     {"intact/partial", "two text fields filled later", false},
	"dss__DSS1376-rev_n-5.pdf":                                     {once, "covers the file", false},
	"dss__PAdES-BpB-att-SHA256-SHA3_224withRSA.pdf":                {"broken/whole algorithm", "digest SHA-256, signature algorithm with SHA3-224; DSS and poppler refuse it too", false},
	"dss__PAdES-BpB-att-SHA256-SHA3_256withRSA.pdf":                {"broken/whole algorithm", "digest SHA-256, signature algorithm with SHA3-256; DSS and poppler refuse it too", false},
	"dss__Signature-P-BG_BOR-1.pdf":                                {once, "covers the file", false},
	"dss__Signature-P-DE_SCI-4.pdf":                                {later, "DSS, then a document timestamp in a new field on the page", false},
	"dss__Signature-P-HU_MIC-1.pdf":                                {once, "covers the file", false},
	"dss__Test.pdf":                                                {once, "covers the file; SHA-1", false},
	"dss__TestToSignPDFSHA256_TST_SIG_NOT_FOUND.pdf":               {once, "covers the file", false},
	"dss__doc-firmado-T.pdf":                                       {once, "covers the file", false},
	"dss__edition_protected_signing_allowed_with_field_signed.pdf": {once, "covers the file; encrypted, opens without a password", false},
	"dss__muestra-firmado-firmado.pdf":                             {"intact/whole, intact/whole tst, intact/whole, intact/whole tst", "DSS, timestamp, second signature, DSS, timestamp", false},
	"dss__pades-enveloping-other-pdf.pdf":                          {later, "DSS, then a document timestamp; the attached PDF's signature is not this document's", false},
	"dss__pades-level-b-sig-policy-invalid-digest-algo.pdf":        {once, "covers the file; a policy is none of our business", false},
	"dss__pades-ocsp-sign-cert.pdf":                                {later, "DSS, other catalog object of the same content, document timestamp", false},
	"dss__pdf-double-signer-info.pdf":                              {once, "covers the file; both signers verify", false},
	"dss__pdf-signed-original.pdf":                                 {once, "covers the file", false},
	"dss__pdf-two-fields.pdf":                                      {"", "empty fields", false},
	"dss__pdf-with-empty-sig.pdf":                                  {"broken/whole cms", "the value is all zeros", false},
	"dss__pdf-with-eof-cr.pdf":                                     {once, "covers the file", false},
	"dss__pkcs7.pdf":                                               {once, "covers the file", false},
	"dss__sample-with-empty-signature-fields.pdf":                  {"", "empty fields", false},
	"dss__sample_document_mra.pdf":                                 {twice, "a second signature in a new field", false},
	"dss__testdoc-signed.pdf":                                      {later, "DSS, then a document timestamp in a new field", false},
	"own_cades_rsa.pdf":                                            {once, "covers the file", false},
	"own_ec_p256.pdf":                                              {once, "covers the file", false},
	"own_pkcs7_rsa.pdf":                                            {once, "covers the file", false},
	"own_pss.pdf":                                                  {once, "covers the file", false},
	"own_untrusted_ca.pdf":                                         {once, "covers the file", false},
	"pcpu__testPAdES_BLT.pdf":                                      {once, "DSS later", false},
	"pyh__base.pdf":                                                {"broken/partial cms", "the value is no CMS message", false},
	"pyh__certified-with-indirect-refs-in-dir.pdf":                 {once, "covers the file", false},
	"pyh__extensions-direct.pdf":                                   {twice, "the second empty field signed; metadata and extensions changed", false},
	"pyh__minimal-signed-twice-both-created.pdf":                   {twice, "a second signature in a new field, by Acrobat", false},
	"pyh__minimal-signed-twice-second-created.pdf":                 {twice, "a second signature in a new field, by Acrobat", false},
	"pyh__minimal-two-fields-pubkey-rc4.pdf":                       {"", "empty fields", false},
	"pyh__minimal-two-fields.pdf":                                  {"", "empty fields", false},
	"pyh__minimal-with-field-aes256.pdf":                           {"", "empty field", false},
	"pyh__minimal-with-field-rc4.pdf":                              {"", "empty field", false},
	"pyh__minimal-with-simple-form.pdf":                            {"", "empty field", false},
	"pyh__minimal-with-textfield-group.pdf":                        {"", "empty field", false},
	"pyh__pades-lta-dss-indirect-arrs-test-2.pdf":                  {"intact/whole, intact/whole tst, intact/whole", "DSS, timestamp, DSS, second signature, DSS", false},
	"pyh__pades-with-old-style-signing-cert-attr-issser.pdf":       {once, "covers the file", false},
	"pyh__pdf-sig-with-econtent.pdf":                               {once, "covers the file; encapsulated content does no harm", false},
	"pyh__separate-annots-kids-indir.pdf":                          {twice, "a second signature in a new field with its widget apart", false},
	"pyh__signed-encrypted-pubkey-with-catalog-ref.pdf":            {"intact/partial", "cannot be opened: seen in the bytes alone, never said to be covered", false},
	"qpdf__bad-content.pdf":                                        {"broken/partial byte_range", "torn: no reader opens it", false},
	"qpdf__digitally-signed.pdf":                                   {once, "covers the file", false},
	"qpdf__minimal-signed-restricted.pdf":                          {once, "covers the file; encrypted, opens without a password", false},
}

var expectedTampered = map[string]expectedVerdict{
	"dss__BadEncodedCMS.pdf":                               {"broken/whole cms", "covers the file, but neither openssl nor poppler can read its CMS", false},
	"dss__Signature-P-IT_ADO-1_(HASH_FAILURE)_(ECDSA).pdf": {"intact/whole attributes_not_der", "honest: verifies over the attributes as encoded", false},
	"dss__hello_signed_INCSAVE_signed_EDITED.pdf":          {"broken/partial byte_range, intact/partial", "a second signature with the first one's range, which does not hold its value", true},
	"dss__hide.pdf":                                                         {"intact/partial", "a later table has object 6 stand where object 8 does", true},
	"dss__modified_after_signature.pdf":                                     {"intact/partial", "page content and annotations changed", true},
	"dss__pades-lta-copied-doctst.pdf":                                      {"intact/partial, broken/whole digest tst", "DSS, then a document timestamp of other bytes", true},
	"dss__pades-signed-annot-added.pdf":                                     {"intact/partial", "two free-text annotations added", true},
	"dss__pades-t-duplicated-doctst.pdf":                                    {"intact/partial, intact/partial tst, broken/whole digest tst", "a document timestamp copied from an earlier one", true},
	"dss__pades-two-sig-copied-tst.pdf":                                     {twice, "both signatures honest; the second one's timestamp is the first one's and proves nothing", false},
	"dss__pades_infinite_loop.pdf":                                          {"broken/partial byte_range", "range beyond the end of the file", true},
	"dss__pades_opposite_infinite_loop.pdf":                                 {"broken/partial byte_range", "range beyond the end of the file", true},
	"dss__pdf-removed-pages.pdf":                                            {"intact/partial", "the page tree lost pages", true},
	"dss__pdf-signed-added-page.pdf":                                        {"intact/partial", "the page tree gained a page", true},
	"dss__pdf-signed-corrupted.pdf":                                         {"broken/partial byte_range", "bytes were cut out: the range no longer fits", true},
	"dss__pdf-structtreeroot-changes.pdf":                                   {twice, "honest: a second signature by iText, which tags it in the structure tree", false},
	"own_byteflip_in_signed_range.pdf":                                      {"broken/whole digest", "a covered byte changed", true},
	"own_foreign_cms.pdf":                                                   {"broken/whole digest", "the message is another file's", true},
	"own_trailing_bytes_after_eof.pdf":                                      {"intact/partial", "500 bytes behind the end", true},
	"pdfjs__poppler-395-0-fuzzed.pdf":                                       {"broken/partial byte_range", "fuzzed: the range does not fit", true},
	"pyh__form-update-ap-indirect-sneaky-trailer.pdf":                       {twice, "the empty field signed; the trailer names an unchanged object, which no reader shows", false},
	"pyh__form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf": {twice, "the empty field signed; the catalog names an unchanged object", false},
	"pyh__form-update-no-override-appearance-stream-ap-indirect.pdf":        {twice, "honest: the empty field signed, with a new appearance", false},
	"pyh__form-update-override-appearance-stream-sneaky.pdf":                {"intact/partial, intact/whole", "the empty field signed, but its appearance stream, replaced, serves elsewhere too", true},
	"pyh__form-update-override-appearance-stream.pdf":                       {twice, "honest: the empty field signed, its appearance stream replaced", false},
	"pyh__tail-uncovered.pdf":                                               {"intact/partial", "the range ends inside the revision", true},
}

// expectedRevisions is what a person finds that each later revision of a file
// changed, one letter a kind, a bar before each later revision; files that are not here
// have one revision, or no signature. A signature that does not verify is o,
// and its field a. What the reading of a file's bytes took: its trailers, the
// objects of each update, and those in the place of which they stand.
var expectedRevisions = map[string]string{
	"dss__DSS-1983.pdf":                                      "|s|v|t",
	"dss__DSS-2025.pdf":                                      "|vc|so", // Acrobat changes the page before anybody signs; DSS drops the form's resources when it signs
	"dss__DSS1376-rev_n-1.pdf":                               "|vf|vf|vf|vf",
	"dss__DSS1376-rev_n-2.pdf":                               "|vf|vf|vf",
	"dss__DSS1376-rev_n-3.pdf":                               "|vf|vf",
	"dss__PAdES-BpB-att-SHA256-SHA3_224withRSA.pdf":          "|ao",
	"dss__PAdES-BpB-att-SHA256-SHA3_256withRSA.pdf":          "|ao",
	"dss__Signature-P-BG_BOR-1.pdf":                          "|vs", // Word ends a file twice: one revision
	"dss__Signature-P-DE_SCI-4.pdf":                          "|s|v|vt",
	"dss__Signature-P-HU_MIC-1.pdf":                          "|vs",
	"dss__doc-firmado-T.pdf":                                 "|s",
	"dss__muestra-firmado-firmado.pdf":                       "|s|v|t|s|v|t",
	"dss__pades-enveloping-other-pdf.pdf":                    "|s|v|t", // the end of the attached PDF is none of this one's
	"dss__pades-level-b-sig-policy-invalid-digest-algo.pdf":  "|s",
	"dss__pades-ocsp-sign-cert.pdf":                          "|vs|vt",
	"dss__pdf-double-signer-info.pdf":                        "|s",
	"dss__pdf-signed-original.pdf":                           "|s",
	"dss__pdf-with-empty-sig.pdf":                            "|ao",
	"dss__pdf-with-eof-cr.pdf":                               "|vso", // a private entry in the page tree, with the signature
	"dss__pkcs7.pdf":                                         "|vc|vs",
	"dss__sample_document_mra.pdf":                           "|s|s",
	"dss__testdoc-signed.pdf":                                "|s|v|t",
	"own_cades_rsa.pdf":                                      "|vs", // the trailer leaves out the document information
	"own_ec_p256.pdf":                                        "|vs",
	"own_pkcs7_rsa.pdf":                                      "|vs",
	"own_pss.pdf":                                            "|vs",
	"own_untrusted_ca.pdf":                                   "|vs",
	"pcpu__testPAdES_BLT.pdf":                                "|s|v",
	"pyh__base.pdf":                                          "|v",
	"pyh__certified-with-indirect-refs-in-dir.pdf":           "|s",
	"pyh__extensions-direct.pdf":                             "|s|vs|vs", // two empty fields, then the one signed, then the other
	"pyh__minimal-signed-twice-both-created.pdf":             "|vs",
	"pyh__minimal-signed-twice-second-created.pdf":           "|vs",
	"pyh__pades-lta-dss-indirect-arrs-test-2.pdf":            "|s|vs|vt|v|s|v",
	"pyh__pades-with-old-style-signing-cert-attr-issser.pdf": "|vs",
	"pyh__pdf-sig-with-econtent.pdf":                         "|vs",
	"pyh__separate-annots-kids-indir.pdf":                    "|s|s",
	"pyh__signed-encrypted-pubkey-with-catalog-ref.pdf":      "|vsa", // the field's name is encrypted anew: nobody can tell that it is the same

	"dss__BadEncodedCMS.pdf":                               "|vao",
	"dss__Signature-P-IT_ADO-1_(HASH_FAILURE)_(ECDSA).pdf": "|vs",
	"dss__hello_signed_INCSAVE_signed_EDITED.pdf":          "|s||ao", // the third revision is a cross-reference table alone
	"dss__hide.pdf":                                                         "|s|vho",
	"dss__modified_after_signature.pdf":                                     "|vs|vacho", // -1.#INF is no number: not well-formed
	"dss__pades-lta-copied-doctst.pdf":                                      "|s|v|ao",
	"dss__pades-signed-annot-added.pdf":                                     "|s|vao", // and names for the annotations' icons
	"dss__pades-t-duplicated-doctst.pdf":                                    "|s|t|v|ao",
	"dss__pades-two-sig-copied-tst.pdf":                                     "|s|s", // a link moves into an object of its own
	"dss__pades_infinite_loop.pdf":                                          "|o",
	"dss__pades_opposite_infinite_loop.pdf":                                 "|o",
	"dss__pdf-removed-pages.pdf":                                            "|vs|p",
	"dss__pdf-signed-added-page.pdf":                                        "|s|p",
	"dss__pdf-signed-corrupted.pdf":                                         "|o",
	"dss__pdf-structtreeroot-changes.pdf":                                   "|vs|vs",
	"own_byteflip_in_signed_range.pdf":                                      "|vaco", // the byte is in the page box of the first revision
	"own_foreign_cms.pdf":                                                   "|vao",
	"own_trailing_bytes_after_eof.pdf":                                      "|vs|o",
	"pyh__form-update-ap-indirect-sneaky-trailer.pdf":                       "|vs",
	"pyh__form-update-no-override-appearance-stream-ap-indirect-sneaky.pdf": "|vs",
	"pyh__form-update-no-override-appearance-stream-ap-indirect.pdf":        "|vs",
	"pyh__form-update-override-appearance-stream-sneaky.pdf":                "|vso", // a private entry of the catalog leads to the appearance
	"pyh__form-update-override-appearance-stream.pdf":                       "|vs",
	"pyh__tail-uncovered.pdf":                                               "|v",
}

// kindLetters abbreviates the kinds of changes.
var kindLetters = map[claim.Change]string{
	claim.ChangeValidation: "v", claim.ChangeTimestamp: "t", claim.ChangeSignature: "s", claim.ChangeForm: "f", claim.ChangeAnnotation: "a",
	claim.ChangeContent: "c", claim.ChangeHidden: "h", claim.ChangePages: "p", claim.ChangeOther: "o",
}

// inLetters writes what the revisions of a document changed.
func inLetters(revisions []revision) string {
	var all []string
	for _, r := range revisions {
		text := ""
		for _, kind := range r.kinds() {
			text += kindLetters[kind]
		}
		all = append(all, text)
	}
	return strings.Join(all, "|")
}
