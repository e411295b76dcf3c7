package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// decode reads a YAML file into a struct. An unknown key, or a value that is
// not of its type, is an error that names the file and the line and shows an
// excerpt.
func decode(name string, data []byte, into any) error {
	err := yaml.UnmarshalWithOptions(data, into, yaml.Strict())
	if err == nil {
		return nil
	}
	var positioned yaml.Error
	if errors.As(err, &positioned) {
		return fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	// The library tells nothing of where a value stands that reads itself
	// from text: look for it.
	if key, cause := badText(data, reflect.TypeOf(into).Elem(), "$"); cause != nil {
		return fmt.Errorf("%s%s: %s: %w%s", name, line(data, key), key[len("$."):], cause, excerpt(data, key))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// badText finds the first value of a file that its type refuses, and why.
func badText(data []byte, t reflect.Type, path string) (key string, cause error) {
	if unmarshaler, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		if text, ok := scalar(data, path); ok {
			return path, unmarshaler.UnmarshalText([]byte(text))
		}
		return "", nil
	}
	switch t.Kind() { //nolint:exhaustive // other kinds hold no values of their own
	case reflect.Struct:
		for i := range t.NumField() {
			tag, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
			inner := path + "." + tag
			switch {
			case options == "inline":
				inner = path
			case tag == "" || tag == "-":
				continue
			}
			if key, cause = badText(data, t.Field(i).Type, inner); cause != nil {
				return key, cause
			}
		}
	case reflect.Pointer:
		return badText(data, t.Elem(), path)
	case reflect.Slice:
		for i := 0; ; i++ {
			item := fmt.Sprintf("%s[%d]", path, i)
			if !exists(data, item) {
				break
			}
			if key, cause = badText(data, t.Elem(), item); cause != nil {
				return key, cause
			}
		}
	}
	return "", nil
}

func exists(data []byte, path string) bool {
	p, err := yaml.PathString(path)
	if err != nil {
		return false
	}
	_, err = p.ReadNode(bytes.NewReader(data))
	return err == nil
}

func scalar(data []byte, path string) (string, bool) {
	p, err := yaml.PathString(path)
	if err != nil {
		return "", false
	}
	node, err := p.ReadNode(bytes.NewReader(data))
	if err != nil {
		return "", false
	}
	return node.GetToken().Value, true
}

// nearest gives a key that a file holds: the one asked for, or the innermost
// around it.
func nearest(data []byte, key string) string {
	for !exists(data, key) {
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			break
		}
		key = key[:i]
	}
	return key
}

// line gives ":3" for a key on the third line of a file; nothing when the file
// does not hold the key.
func line(data []byte, key string) string {
	p, err := yaml.PathString(key)
	if err != nil {
		return ""
	}
	node, err := p.ReadNode(bytes.NewReader(data))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(":%d", node.GetToken().Position.Line)
}

// excerpt shows the lines of a file around a key, below the message; nothing
// when the file does not hold the key.
func excerpt(data []byte, key string) string {
	p, err := yaml.PathString(key)
	if err != nil {
		return ""
	}
	source, err := p.AnnotateSource(data, false)
	if err != nil {
		return ""
	}
	return "\n" + string(source)
}
