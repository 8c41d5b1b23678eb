"""The wire: framing, frames, messages and the value codec. No I/O happens here."""
