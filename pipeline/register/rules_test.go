package register_test

import (
	"guichet/pipeline/register"
	"guichet/validators"
)

var _ validators.Registers = (*register.Set)(nil)
