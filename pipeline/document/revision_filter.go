package document

import (
	"bytes"
	"compress/zlib"
	"io"
)

// decode undoes the filters that object and cross-reference streams have in
// practice: none, or Flate, with or without a PNG predictor.
func (d *revisionDocument) decode(stream pdfStream) ([]byte, error) {
	filter, err := d.single(stream.dict["Filter"])
	if err != nil {
		return nil, err
	}
	if filter == nil {
		return stream.data, nil
	}
	if filter != pdfName("FlateDecode") {
		return nil, errRevision
	}
	inflater, err := zlib.NewReader(bytes.NewReader(stream.data))
	if err != nil {
		return nil, errRevision
	}
	data, err := io.ReadAll(io.LimitReader(inflater, int64(maxInflated-d.shared.inflated)+1))
	d.shared.inflated += len(data)
	if err != nil || d.shared.inflated > maxInflated {
		return nil, errRevision
	}
	parms, err := d.single(stream.dict["DecodeParms"])
	if err != nil {
		return nil, err
	}
	dict, ok := parms.(pdfDict)
	if !ok {
		return data, nil
	}
	return unpredict(data, dict)
}

// single gives a direct value, or the only one of an array.
func (d *revisionDocument) single(value any) (any, error) {
	array, ok := value.([]any)
	switch {
	case !ok:
	case len(array) == 0:
		return nil, nil
	case len(array) == 1:
		value = array[0]
	default:
		return nil, errRevision
	}
	if _, isRef := value.(pdfRef); isRef {
		return nil, errRevision
	}
	return value, nil
}

// unpredict undoes a PNG predictor over rows of bytes (7.4.4.4).
func unpredict(data []byte, parms pdfDict) ([]byte, error) {
	predictor, given := wholeNumber(parms["Predictor"])
	if !given || predictor == 1 {
		return data, nil
	}
	columns, given := wholeNumber(parms["Columns"])
	if !given {
		columns = 1
	}
	if predictor < 10 || columns < 1 || columns > 1<<16 || parms["Colors"] != nil || parms["BitsPerComponent"] != nil || len(data)%(columns+1) != 0 {
		return nil, errRevision
	}
	plain := make([]byte, 0, len(data))
	previous := make([]byte, columns)
	for len(data) > 0 {
		kind, row := data[0], data[1:columns+1]
		data = data[columns+1:]
		for i := range row {
			var left, upLeft byte
			if i > 0 {
				left, upLeft = row[i-1], previous[i-1]
			}
			switch kind {
			case 0:
			case 1:
				row[i] += left
			case 2:
				row[i] += previous[i]
			case 3:
				row[i] += byte((int(left) + int(previous[i])) / 2) //nolint:gosec // the mean of two bytes is a byte
			case 4:
				row[i] += paeth(left, previous[i], upLeft)
			default:
				return nil, errRevision
			}
		}
		plain = append(plain, row...)
		previous = row
	}
	return plain, nil
}

// paeth is the predictor of that name in PNG.
func paeth(a, b, c byte) byte {
	distance := func(x byte) int {
		d := int(a) + int(b) - int(c) - int(x)
		return max(d, -d)
	}
	switch {
	case distance(a) <= distance(b) && distance(a) <= distance(c):
		return a
	case distance(b) <= distance(c):
		return b
	}
	return c
}
