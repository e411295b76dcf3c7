package document

import (
	"encoding/asn1"
	"errors"
)

// errEncoding tells that bytes are no BER encoding that we follow.
var errEncoding = errors.New("not a BER encoding")

// maxBERDepth bounds how deep the values of a message lie inside one another;
// real ones stay below 30. The library recurses without a bound.
const maxBERDepth = 64

// tlv is one BER value: all its bytes, and those inside it.
type tlv struct {
	raw, content []byte
	class, tag   int
	constructed  bool
}

// readTLV reads the BER value at the start of data and gives what follows it.
func readTLV(data []byte) (tlv, []byte, error) { return readNested(data, 0) }

func readNested(data []byte, depth int) (tlv, []byte, error) {
	if len(data) < 2 || depth > maxBERDepth || data[0]&0x1f == 0x1f {
		return tlv{}, nil, errEncoding // no message of ours has tags above 30
	}
	value := tlv{class: int(data[0] >> 6), tag: int(data[0] & 0x1f), constructed: data[0]&0x20 != 0}
	head, size := 2, int(data[1])
	if size == 0x80 {
		return value.indefinite(data, depth)
	}
	if size > 0x80 {
		count := size & 0x7f
		if count > 4 || len(data) < 2+count {
			return tlv{}, nil, errEncoding
		}
		size = 0
		for _, b := range data[2 : 2+count] {
			size = size<<8 | int(b)
		}
		head += count
	}
	if size > len(data)-head {
		return tlv{}, nil, errEncoding
	}
	value.raw, value.content = data[:head+size], data[head:head+size]
	return value, data[head+size:], nil
}

// indefinite reads a value that ends with an end-of-contents mark.
func (v tlv) indefinite(data []byte, depth int) (tlv, []byte, error) {
	if !v.constructed {
		return tlv{}, nil, errEncoding
	}
	rest := data[2:]
	for {
		if len(rest) < 2 {
			return tlv{}, nil, errEncoding
		}
		if rest[0] == 0 && rest[1] == 0 {
			end := len(data) - len(rest)
			v.raw, v.content = data[:end+2], data[2:end]
			return v, rest[2:], nil
		}
		var err error
		if _, rest, err = readNested(rest, depth+1); err != nil {
			return tlv{}, nil, err
		}
	}
}

// children reads the values inside a value.
func (v tlv) children() ([]tlv, error) {
	if !v.constructed {
		return nil, errEncoding
	}
	var children []tlv
	for rest := v.content; len(rest) > 0; {
		child, next, err := readTLV(rest)
		if err != nil {
			return nil, err
		}
		children = append(children, child)
		rest = next
	}
	return children, nil
}

// shallow tells whether the value at the start of data can be given to code
// that recurses into it. It does not recurse itself.
func shallow(data []byte) bool {
	var ends []int // of the values that are open; -1 where a mark will end one
	for pos := 0; ; {
		for len(ends) > 0 && ends[len(ends)-1] == pos {
			ends = ends[:len(ends)-1]
		}
		if pos > 0 && len(ends) == 0 {
			return true
		}
		if len(data)-pos < 2 || len(ends) > maxBERDepth || data[pos]&0x1f == 0x1f {
			return false
		}
		constructed, size := data[pos]&0x20 != 0, int(data[pos+1])
		if data[pos] == 0 && size == 0 && len(ends) > 0 && ends[len(ends)-1] == -1 {
			ends = ends[:len(ends)-1]
			pos += 2
			continue
		}
		pos += 2
		switch {
		case size == 0x80:
			if !constructed {
				return false
			}
			ends = append(ends, -1)
			continue
		case size > 0x80:
			count := size & 0x7f
			if count > 4 || count > len(data)-pos {
				return false
			}
			size = 0
			for _, b := range data[pos : pos+count] {
				size = size<<8 | int(b)
			}
			pos += count
		}
		if size > len(data)-pos {
			return false
		}
		if constructed {
			ends = append(ends, pos+size)
		} else {
			pos += size
			if len(ends) == 0 {
				return true
			}
		}
	}
}

// rawSigner is what of a SignerInfo must be looked at exactly as encoded.
type rawSigner struct {
	attributes []byte   // the signed attributes, as the SET that is signed
	timestamps [][]byte // timestamp tokens among the unsigned attributes
}

// rawSigners finds the signers of a SignedData message (RFC 5652, 5.1).
func rawSigners(contents []byte) ([]rawSigner, error) {
	info, _, err := readTLV(contents)
	if err != nil {
		return nil, err
	}
	outer, err := info.children()
	if err != nil || len(outer) < 2 {
		return nil, errEncoding
	}
	inner, err := outer[1].children()
	if err != nil || len(inner) < 1 {
		return nil, errEncoding
	}
	signedData, err := inner[0].children()
	if err != nil || len(signedData) < 4 {
		return nil, errEncoding
	}
	signers, err := signedData[len(signedData)-1].children()
	if err != nil {
		return nil, err
	}
	var raw []rawSigner
	for _, signer := range signers {
		one, err := readRawSigner(signer)
		if err != nil {
			return nil, err
		}
		raw = append(raw, one)
	}
	return raw, nil
}

func readRawSigner(signer tlv) (rawSigner, error) {
	var raw rawSigner
	fields, err := signer.children()
	if err != nil {
		return raw, err
	}
	for i, field := range fields {
		if field.class != asn1.ClassContextSpecific || i < 3 {
			continue // the signer's identifier may be tagged [0] too
		}
		switch field.tag {
		case 0:
			raw.attributes = asSet(field)
		case 1:
			raw.timestamps, err = timestampTokens(field)
			if err != nil {
				return raw, err
			}
		}
	}
	return raw, nil
}

// asSet gives signed attributes as they were signed: a SET, though the
// message tags them [0], of definite length.
func asSet(attributes tlv) []byte {
	set, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: attributes.content})
	if err != nil {
		return nil
	}
	return set
}

// timestampTokens finds the signature timestamps among unsigned attributes.
func timestampTokens(attributes tlv) ([][]byte, error) {
	var tokens [][]byte
	list, err := attributes.children()
	if err != nil {
		return nil, err
	}
	for _, attribute := range list {
		parts, err := attribute.children()
		if err != nil || len(parts) < 2 {
			return nil, errEncoding
		}
		var oid asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(parts[0].raw, &oid); err != nil || !oid.Equal(oidTimestampToken) {
			continue
		}
		values, err := parts[1].children()
		if err != nil {
			return nil, err
		}
		for _, value := range values {
			tokens = append(tokens, value.raw)
		}
	}
	return tokens, nil
}
