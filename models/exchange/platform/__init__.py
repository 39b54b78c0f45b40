"""Files for the learning platform and from it: Moodle uploads, OneRoster, lists of accounts."""
