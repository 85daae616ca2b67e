package memory

import "unsafe"

// Pointer turns an address of this process back into a pointer. The memory must
// be kept alive by those who have published the address.
func Pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }
