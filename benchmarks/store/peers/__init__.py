"""Other products under the same load. They run in environments of their own and are never installed beside ours."""
