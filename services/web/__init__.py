"""What both web services share: requests and their limits, problems, headers, health, servers."""
