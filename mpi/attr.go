package mpi

// AttrCopier is implemented by attribute values that pass to a duplicate:
// CopyAttr is called by Dup and returns the value for the duplicate, or false
// for none.
type AttrCopier interface {
	CopyAttr(from, to *Comm) (any, bool)
}

// AttrDeleter is implemented by attribute values that want to know when they
// are replaced or deleted, or their communicator is freed.
type AttrDeleter interface {
	DeleteAttr(from *Comm)
}

// SetAttr attaches v to the communicator under key, on this rank (caching,
// MPI 5.0 §7.7). Keys are compared by ==; as with context values, a package
// uses a key type of its own. Dup copies the attributes whose values implement
// [AttrCopier]. Local.
func (c *Comm) SetAttr(key, v any) {
	if !c.valid() {
		return
	}
	c.st.mu.Lock()
	old, ok := c.st.attrs[key]
	if c.st.attrs == nil {
		c.st.attrs = map[any]any{}
	}
	c.st.attrs[key] = v
	c.st.mu.Unlock()
	if ok {
		c.drop(old)
	}
}

// Attr returns the value under key and whether there is one (MPI 5.0 §7.7).
// Local.
func (c *Comm) Attr(key any) (any, bool) {
	if !c.valid() {
		return nil, false
	}
	c.st.mu.Lock()
	defer c.st.mu.Unlock()
	v, ok := c.st.attrs[key]
	return v, ok
}

// DeleteAttr removes the value under key (MPI 5.0 §7.7). Local.
func (c *Comm) DeleteAttr(key any) {
	if !c.valid() {
		return
	}
	c.st.mu.Lock()
	old, ok := c.st.attrs[key]
	delete(c.st.attrs, key)
	c.st.mu.Unlock()
	if ok {
		c.drop(old)
	}
}

func (c *Comm) drop(v any) {
	if d, ok := v.(AttrDeleter); ok {
		d.DeleteAttr(c)
	}
}

// copyAttrs gives the duplicate d the attributes that want to be copied.
func (c *Comm) copyAttrs(d *Comm) {
	c.st.mu.Lock()
	attrs := make(map[any]any, len(c.st.attrs))
	for k, v := range c.st.attrs {
		attrs[k] = v
	}
	c.st.mu.Unlock()
	for k, v := range attrs {
		if a, ok := v.(AttrCopier); ok {
			if w, ok := a.CopyAttr(c, d); ok {
				d.SetAttr(k, w)
			}
		}
	}
}

// dropAttrs deletes all attributes.
func (c *Comm) dropAttrs() {
	c.st.mu.Lock()
	attrs := c.st.attrs
	c.st.attrs = nil
	c.st.mu.Unlock()
	for _, v := range attrs {
		c.drop(v)
	}
}
