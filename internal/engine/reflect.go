package engine

import (
	"reflect"
	"strconv"
	"unsafe"
)

// KindOf returns the kind of a basic Go kind, Invalid for others.
func KindOf(k reflect.Kind) Kind {
	switch k {
	case reflect.Int8:
		return Int8
	case reflect.Int16:
		return Int16
	case reflect.Int32:
		return Int32
	case reflect.Int64:
		return Int64
	case reflect.Uint8:
		return Uint8
	case reflect.Uint16:
		return Uint16
	case reflect.Uint32:
		return Uint32
	case reflect.Uint64:
		return Uint64
	case reflect.Float32:
		return Float32
	case reflect.Float64:
		return Float64
	case reflect.Complex64:
		return Complex64
	case reflect.Complex128:
		return Complex128
	case reflect.Bool:
		return Bool
	case reflect.Int:
		if strconv.IntSize == 32 {
			return Int32
		}
		return Int64
	case reflect.Uint:
		if strconv.IntSize == 32 {
			return Uint32
		}
		return Uint64
	case reflect.Uintptr:
		if unsafe.Sizeof(uintptr(0)) == 4 {
			return Uint32
		}
		return Uint64
	}
	return Invalid
}
