"""The filing forms as documents: a spreadsheet, the upper tier's own spreadsheet filled in, and a PDF."""
