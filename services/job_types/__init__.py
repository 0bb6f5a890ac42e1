"""The kinds of job that come with Coatcheck: one file each. Yours can stand beside them."""
