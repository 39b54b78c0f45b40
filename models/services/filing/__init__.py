"""Filing of accounts with the tier above (备案): what is filed, when, as what, and who has filed (A9-A11, A13-A15)."""
