package console

// spell is how a part of a value is spelt out for somebody on the telephone.
func (p *page) spell(text string) string { return text }
