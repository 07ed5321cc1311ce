<?php session_start();
if (!isset($_SESSION['count'])) {
    $_SESSION['count'] = 0;
}
$_SESSION['count']++;
$_SESSION['foo'] = 'bar';
?>
<html>
<head><title>Session test</title><link rel="icon" href="data:,"></head>
<body>
<p>You have seen this page <b><?php echo $_SESSION['count']; ?></b> times.</p>
<form action="<?php echo htmlspecialchars($_SERVER['PHP_SELF']); ?>"><input type="submit" value="Once more"></form>
</body>
</html>
